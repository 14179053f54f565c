(module (memory 1) (func (param i32) (result i32) (i32.load offset=16 (local.get 0))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11, qword ptr [rdi + 8]
;;      f  mov edi, edx
;;     11  mov eax, dword ptr [r11 + rdi + 0x10]
;;     16  leave
;;     17  ret
