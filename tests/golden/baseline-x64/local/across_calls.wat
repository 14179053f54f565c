(module (func $f (param i32) (result i32) (local i32)
  (loop (result i32)
    (local.set 1 (i32.add (local.get 1) (call $f (local.get 0))))
    (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))
    (local.get 1))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  sub rsp, 0x20
;;      b  cmp rsp, qword ptr [rdi]
;;      e  jb 0x5e
;;     14  mov qword ptr [rbp - 8], r15
;;     18  mov qword ptr [rbp - 0x10], r14
;;     1c  mov qword ptr [rbp - 0x18], rbx
;;     20  mov r15, rdi
;;     23  mov r14d, edx
;;     26  xor ebx, ebx
;;     28  nop dword ptr [rax + rax]
;;     30  cmp rsp, qword ptr [r15]
;;     33  jb 0x84
;;     39  mov edx, r14d
;;     3c  mov rdi, r15
;;     3f  call 0x44
;;     44  mov eax, eax
;;     46  add ebx, eax
;;     48  sub r14d, 1
;;     4c  jne 0x30
;;     4e  mov eax, ebx
;;     50  mov r15, qword ptr [rbp - 8]
;;     54  mov r14, qword ptr [rbp - 0x10]
;;     58  mov rbx, qword ptr [rbp - 0x18]
;;     5c  leave
;;     5d  ret
;;     5e  mov rax, rsp
;;     61  add rsp, 0x20
;;     68  push r15
;;     6a  push r15
;;     6c  mov r15, rdi
;;     6f  mov r11, qword ptr [r15 + 0x10]
;;     73  call qword ptr [r11 + 8]
;;     77  pop r15
;;     79  pop r15
;;     7b  sub rsp, 0x20
;;     82  jmp 0x14
;;     84  mov rax, rsp
;;     87  push rcx
;;     88  push r15
;;     8a  mov rcx, qword ptr [r15 + 0x10]
;;     8e  call qword ptr [rcx + 8]
;;     91  pop r15
;;     93  pop rcx
;;     94  jmp 0x39
