(module (memory 1)
  (func (param i32) (result i32) (local i32)
    (loop (local.set 1 (i32.add (local.get 1) (i32.load (local.get 0))))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 4)))))
    (local.get 1)))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11, qword ptr [rdi + 8]
;;      f  mov r9d, edx
;;     12  xor r8d, r8d
;;     15  mov r10, qword ptr [rdi + 0x38]
;;     19  mov r10, qword ptr [r10]
;;     1c  cmp r10, -1
;;     20  jge 0x60
;;     26  lea r10, [r10 + 1]
;;     2a  nop dword ptr [rax]
;;     2e  nop
;;     30  cmp rsp, qword ptr [rdi]
;;     33  jb 0x71
;;     39  test r10, r10
;;     3c  jge 0x99
;;     42  add r8d, dword ptr [r11 + r9]
;;     46  sub r9d, 4
;;     4a  lea r10, [r10 + 0xa]
;;     4e  jne 0x30
;;     50  mov eax, r8d
;;     53  lea r10, [r10 + 1]
;;     57  mov rsi, qword ptr [rdi + 0x38]
;;     5b  mov qword ptr [rsi], r10
;;     5e  leave
;;     5f  ret
;;     60  lea r10, [r10 + 1]
;;     64  mov rax, qword ptr [rdi + 0x38]
;;     68  mov qword ptr [rax], r10
;;     6b  mov rax, qword ptr [rdi + 0x10]
;;     6f  call qword ptr [rax]
;;     71  mov rax, qword ptr [rdi + 0x38]
;;     75  mov qword ptr [rax], r10
;;     78  mov rax, rsp
;;     7b  push rcx
;;     7c  push r15
;;     7e  mov r15, rdi
;;     81  mov rcx, qword ptr [r15 + 0x10]
;;     85  call qword ptr [rcx + 8]
;;     88  pop r15
;;     8a  pop rcx
;;     8b  jmp 0x90
;;     90  mov r10, qword ptr [rdi + 0x38]
;;     94  mov r10, qword ptr [r10]
;;     97  jmp 0x39
;;     99  mov rax, qword ptr [rdi + 0x38]
;;     9d  mov qword ptr [rax], r10
;;     a0  mov rax, qword ptr [rdi + 0x10]
;;     a4  call qword ptr [rax]
