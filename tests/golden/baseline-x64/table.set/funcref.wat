(module (table 4 funcref) (func (param i32 funcref) (table.set (local.get 0) (local.get 1))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11d, edx
;;      e  mov r10, rcx
;;     11  mov rax, qword ptr [rdi + 0x50]
;;     15  cmp r11, qword ptr [rax + 8]
;;     19  jae 0x28
;;     1f  mov rax, qword ptr [rax]
;;     22  mov qword ptr [rax + r11*8], r10
;;     26  leave
;;     27  ret
;;     28  mov rax, qword ptr [rdi + 0x10]
;;     2c  call qword ptr [rax]
