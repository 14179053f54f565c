(module (table 4 funcref) (type $t (func (param i32) (result i32)))
  (func (param i32) (result i32) (call_indirect (type $t) (i32.const 7) (local.get 0))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  sub rsp, 0x10
;;      b  cmp rsp, qword ptr [rdi]
;;      e  jb 0x58
;;     14  mov qword ptr [rbp - 8], r15
;;     18  mov r15, rdi
;;     1b  mov r10d, edx
;;     1e  mov rax, qword ptr [r15 + 0x50]
;;     22  cmp r10, qword ptr [rax + 8]
;;     26  jae 0x7e
;;     2c  mov rax, qword ptr [rax]
;;     2f  mov rax, qword ptr [rax + r10*8]
;;     33  mov rsi, qword ptr [r15 + 0x18]
;;     37  mov esi, dword ptr [rsi]
;;     39  cmp esi, dword ptr [rax + 8]
;;     3c  jne 0x84
;;     42  mov edx, 7
;;     47  mov rdi, qword ptr [rax + 0x10]
;;     4b  mov rsi, r15
;;     4e  call qword ptr [rax]
;;     50  mov eax, eax
;;     52  mov r15, qword ptr [rbp - 8]
;;     56  leave
;;     57  ret
;;     58  mov rax, rsp
;;     5b  add rsp, 0x10
;;     62  push r15
;;     64  push r15
;;     66  mov r15, rdi
;;     69  mov r11, qword ptr [r15 + 0x10]
;;     6d  call qword ptr [r11 + 8]
;;     71  pop r15
;;     73  pop r15
;;     75  sub rsp, 0x10
;;     7c  jmp 0x14
;;     7e  mov rax, qword ptr [r15 + 0x10]
;;     82  call qword ptr [rax]
;;     84  cmp dword ptr [rax + 8], -1
;;     88  je 0x94
;;     8e  mov rax, qword ptr [r15 + 0x10]
;;     92  call qword ptr [rax]
;;     94  mov rax, qword ptr [r15 + 0x10]
;;     98  call qword ptr [rax]
