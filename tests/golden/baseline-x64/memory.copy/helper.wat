(module (memory 1) (func (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  sub rsp, 0x20
;;      b  cmp rsp, qword ptr [rdi]
;;      e  jb 0x44
;;     14  mov qword ptr [rbp - 8], r15
;;     18  mov r15, rdi
;;     1b  mov r10d, edx
;;     1e  mov r9d, r8d
;;     21  mov r11d, ecx
;;     24  mov ecx, r10d
;;     27  mov r8d, r11d
;;     2a  mov esi, 0
;;     2f  mov edx, 0
;;     34  mov rdi, r15
;;     37  mov rax, qword ptr [r15 + 0x10]
;;     3b  call qword ptr [rax + 0x20]
;;     3e  mov r15, qword ptr [rbp - 8]
;;     42  leave
;;     43  ret
;;     44  mov rax, rsp
;;     47  add rsp, 0x20
;;     4e  push r15
;;     50  push r15
;;     52  mov r15, rdi
;;     55  mov r11, qword ptr [r15 + 0x10]
;;     59  call qword ptr [r11 + 8]
;;     5d  pop r15
;;     5f  pop r15
;;     61  sub rsp, 0x20
;;     68  jmp 0x14
