(module (memory 1) (memory 1) (func (param i32 i32) (i32.store 1 offset=4 (local.get 0) (local.get 1))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11d, edx
;;      e  mov r10d, ecx
;;     11  mov rax, qword ptr [rdi + 0x58]
;;     15  mov rax, qword ptr [rax]
;;     18  mov dword ptr [rax + r11 + 4], r10d
;;     1d  leave
;;     1e  ret
