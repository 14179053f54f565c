(module (memory 1) (func (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  sub rsp, 0x20
;;      b  cmp rsp, qword ptr [rdi]
;;      e  jb 0x49
;;     14  mov qword ptr [rbp - 8], r15
;;     18  mov r15, rdi
;;     1b  mov dword ptr [rbp - 0x20], r8d
;;     1f  mov r10d, edx
;;     22  mov r11d, ecx
;;     25  mov ecx, r10d
;;     28  mov r8d, r11d
;;     2b  mov r9d, dword ptr [rbp - 0x20]
;;     2f  mov esi, 0
;;     34  mov edx, 0
;;     39  mov rdi, r15
;;     3c  mov rax, qword ptr [r15 + 0x10]
;;     40  call qword ptr [rax + 0x20]
;;     43  mov r15, qword ptr [rbp - 8]
;;     47  leave
;;     48  ret
;;     49  mov rax, rsp
;;     4c  add rsp, 0x20
;;     53  push r15
;;     55  push r15
;;     57  mov r15, rdi
;;     5a  mov r11, qword ptr [r15 + 0x10]
;;     5e  call qword ptr [r11 + 8]
;;     62  pop r15
;;     64  pop r15
;;     66  sub rsp, 0x20
;;     6d  jmp 0x14
