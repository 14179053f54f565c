(module (func (param i32 i32) (result i32) (i32.shl (local.get 0) (local.get 1))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11d, edx
;;      e  mov edi, ecx
;;     10  mov ecx, edi
;;     12  mov eax, r11d
;;     15  shl eax, cl
;;     17  leave
;;     18  ret
