(module (memory 1) (func (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  sub rsp, 0x20
;;      b  cmp rsp, qword ptr [rdi]
;;      e  jb 0x59
;;     14  mov qword ptr [rbp - 8], r15
;;     18  mov r15, rdi
;;     1b  mov dword ptr [rbp - 0x20], r8d
;;     1f  mov r10d, edx
;;     22  mov r11d, ecx
;;     25  mov dword ptr [rbp - 0x10], r10d
;;     29  mov dword ptr [rbp - 0x18], r11d
;;     2d  mov ecx, r10d
;;     30  mov r8d, r11d
;;     33  mov r9d, dword ptr [rbp - 0x20]
;;     37  mov esi, 0
;;     3c  mov edx, 0
;;     41  mov rdi, r15
;;     44  mov rax, qword ptr [r15 + 0x10]
;;     48  call qword ptr [rax + 0x20]
;;     4b  mov r10d, dword ptr [rbp - 0x10]
;;     4f  mov r11d, dword ptr [rbp - 0x18]
;;     53  mov r15, qword ptr [rbp - 8]
;;     57  leave
;;     58  ret
;;     59  mov rax, rsp
;;     5c  add rsp, 0x20
;;     63  push r15
;;     65  push r15
;;     67  mov r15, rdi
;;     6a  mov r11, qword ptr [r15 + 0x10]
;;     6e  call qword ptr [r11 + 8]
;;     72  pop r15
;;     74  pop r15
;;     76  sub rsp, 0x20
;;     7d  jmp 0x14
