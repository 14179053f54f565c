(module (func (param i32) (result i32)
  (block $out (loop $again
    (local.set 0 (i32.add (local.get 0) (i32.const 1)))
    (br_if $out (i32.lt_u (local.get 0) (i32.const 9)))
    (br $again)))
  (local.get 0)))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11d, edx
;;      e  mov r10, qword ptr [rdi + 0x38]
;;     12  mov r10, qword ptr [r10]
;;     15  cmp r10, -1
;;     19  jge 0x5c
;;     1f  lea r10, [r10 + 1]
;;     23  nop dword ptr [rax + rax]
;;     2b  nop dword ptr [rax]
;;     2f  nop
;;     30  cmp rsp, qword ptr [rdi]
;;     33  jb 0x6d
;;     39  test r10, r10
;;     3c  jge 0x95
;;     42  add r11d, 1
;;     46  cmp r11d, 9
;;     4a  lea r10, [r10 + 9]
;;     4e  jae 0x30
;;     50  mov eax, r11d
;;     53  mov rsi, qword ptr [rdi + 0x38]
;;     57  mov qword ptr [rsi], r10
;;     5a  leave
;;     5b  ret
;;     5c  lea r10, [r10 + 1]
;;     60  mov rax, qword ptr [rdi + 0x38]
;;     64  mov qword ptr [rax], r10
;;     67  mov rax, qword ptr [rdi + 0x10]
;;     6b  call qword ptr [rax]
;;     6d  mov rax, qword ptr [rdi + 0x38]
;;     71  mov qword ptr [rax], r10
;;     74  mov rax, rsp
;;     77  push rcx
;;     78  push r15
;;     7a  mov r15, rdi
;;     7d  mov rcx, qword ptr [r15 + 0x10]
;;     81  call qword ptr [rcx + 8]
;;     84  pop r15
;;     86  pop rcx
;;     87  jmp 0x8c
;;     8c  mov r10, qword ptr [rdi + 0x38]
;;     90  mov r10, qword ptr [r10]
;;     93  jmp 0x39
;;     95  mov rax, qword ptr [rdi + 0x38]
;;     99  mov qword ptr [rax], r10
;;     9c  mov rax, qword ptr [rdi + 0x10]
;;     a0  call qword ptr [rax]
