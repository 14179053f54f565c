(module (func (param i32) (result i32) (i32.rem_u (local.get 0) (i32.const 8))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11d, edx
;;      e  mov eax, r11d
;;     11  and eax, 7
;;     14  leave
;;     15  ret
