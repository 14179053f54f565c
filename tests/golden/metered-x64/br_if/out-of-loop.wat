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
;;     19  jge 0x4f
;;     1f  lea r10, [r10 + 1]
;;     23  cmp rsp, qword ptr [rdi]
;;     26  jb 0x60
;;     2c  test r10, r10
;;     2f  jge 0x88
;;     35  add r11d, 1
;;     39  cmp r11d, 9
;;     3d  lea r10, [r10 + 9]
;;     41  jae 0x23
;;     43  mov eax, r11d
;;     46  mov rsi, qword ptr [rdi + 0x38]
;;     4a  mov qword ptr [rsi], r10
;;     4d  leave
;;     4e  ret
;;     4f  lea r10, [r10 + 1]
;;     53  mov rax, qword ptr [rdi + 0x38]
;;     57  mov qword ptr [rax], r10
;;     5a  mov rax, qword ptr [rdi + 0x10]
;;     5e  call qword ptr [rax]
;;     60  mov rax, qword ptr [rdi + 0x38]
;;     64  mov qword ptr [rax], r10
;;     67  mov rax, rsp
;;     6a  push rcx
;;     6b  push r15
;;     6d  mov r15, rdi
;;     70  mov rcx, qword ptr [r15 + 0x10]
;;     74  call qword ptr [rcx + 8]
;;     77  pop r15
;;     79  pop rcx
;;     7a  jmp 0x7f
;;     7f  mov r10, qword ptr [rdi + 0x38]
;;     83  mov r10, qword ptr [r10]
;;     86  jmp 0x2c
;;     88  mov rax, qword ptr [rdi + 0x38]
;;     8c  mov qword ptr [rax], r10
;;     8f  mov rax, qword ptr [rdi + 0x10]
;;     93  call qword ptr [rax]
