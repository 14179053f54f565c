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
;;     20  jge 0x5d
;;     26  lea r10, [r10 + 1]
;;     2a  cmp rsp, qword ptr [rdi]
;;     2d  jb 0x6e
;;     33  test r10, r10
;;     36  jge 0x96
;;     3c  mov eax, dword ptr [r11 + r9]
;;     40  add r8d, eax
;;     43  sub r9d, 4
;;     47  lea r10, [r10 + 0xa]
;;     4b  jne 0x2a
;;     4d  mov eax, r8d
;;     50  lea r10, [r10 + 1]
;;     54  mov rsi, qword ptr [rdi + 0x38]
;;     58  mov qword ptr [rsi], r10
;;     5b  leave
;;     5c  ret
;;     5d  lea r10, [r10 + 1]
;;     61  mov rax, qword ptr [rdi + 0x38]
;;     65  mov qword ptr [rax], r10
;;     68  mov rax, qword ptr [rdi + 0x10]
;;     6c  call qword ptr [rax]
;;     6e  mov rax, qword ptr [rdi + 0x38]
;;     72  mov qword ptr [rax], r10
;;     75  mov rax, rsp
;;     78  push rcx
;;     79  push r15
;;     7b  mov r15, rdi
;;     7e  mov rcx, qword ptr [r15 + 0x10]
;;     82  call qword ptr [rcx + 8]
;;     85  pop r15
;;     87  pop rcx
;;     88  jmp 0x8d
;;     8d  mov r10, qword ptr [rdi + 0x38]
;;     91  mov r10, qword ptr [r10]
;;     94  jmp 0x33
;;     96  mov rax, qword ptr [rdi + 0x38]
;;     9a  mov qword ptr [rax], r10
;;     9d  mov rax, qword ptr [rdi + 0x10]
;;     a1  call qword ptr [rax]
