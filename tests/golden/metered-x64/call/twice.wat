(module (func (param i32) (result i32)
  (i32.add (call 0 (local.get 0)) (call 0 (i32.const 1)))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  sub rsp, 0x20
;;      b  cmp rsp, qword ptr [rdi]
;;      e  jb 0x70
;;     14  mov qword ptr [rbp - 8], r15
;;     18  mov r15, rdi
;;     1b  mov r11d, edx
;;     1e  mov r10, qword ptr [r15 + 0x38]
;;     22  cmp qword ptr [r10], -1
;;     26  jge 0x99
;;     2c  mov r10, qword ptr [r15 + 0x38]
;;     30  add qword ptr [r10], 3
;;     34  mov edx, r11d
;;     37  mov rdi, r15
;;     3a  call 0x3f
;;     3f  mov eax, eax
;;     41  mov r10, qword ptr [r15 + 0x38]
;;     45  add qword ptr [r10], 2
;;     49  mov dword ptr [rbp - 0x18], eax
;;     4c  mov edx, 1
;;     51  mov rdi, r15
;;     54  call 0x59
;;     59  mov eax, eax
;;     5b  mov esi, dword ptr [rbp - 0x18]
;;     5e  add esi, eax
;;     60  mov eax, esi
;;     62  mov r10, qword ptr [r15 + 0x38]
;;     66  add qword ptr [r10], 1
;;     6a  mov r15, qword ptr [rbp - 8]
;;     6e  leave
;;     6f  ret
;;     70  mov rax, rsp
;;     73  add rsp, 0x20
;;     7a  push r15
;;     7c  push r15
;;     7e  mov r15, rdi
;;     81  mov r11, qword ptr [r15 + 0x10]
;;     85  call qword ptr [r11 + 8]
;;     89  pop r15
;;     8b  pop r15
;;     8d  sub rsp, 0x20
;;     94  jmp 0x14
;;     99  mov r10, qword ptr [r15 + 0x38]
;;     9d  add qword ptr [r10], 1
;;     a1  mov rax, qword ptr [r15 + 0x10]
;;     a5  call qword ptr [rax]
