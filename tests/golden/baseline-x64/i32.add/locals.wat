(module (func (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11d, edx
;;      e  mov edi, ecx
;;     10  lea eax, [r11 + rdi]
;;     14  leave
;;     15  ret
