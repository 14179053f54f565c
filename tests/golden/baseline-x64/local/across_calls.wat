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
;;      e  jb 0x59
;;     14  mov qword ptr [rbp - 8], r15
;;     18  mov qword ptr [rbp - 0x10], r14
;;     1c  mov r15, rdi
;;     1f  mov r14d, edx
;;     22  xor r10d, r10d
;;     25  cmp rsp, qword ptr [r15]
;;     28  jb 0x7f
;;     2e  mov dword ptr [rbp - 0x18], r10d
;;     32  mov edx, r14d
;;     35  mov rdi, r15
;;     38  call 0x3d
;;     3d  mov r10d, dword ptr [rbp - 0x18]
;;     41  mov eax, eax
;;     43  add r10d, eax
;;     46  sub r14d, 1
;;     4a  jne 0x25
;;     4c  mov eax, r10d
;;     4f  mov r15, qword ptr [rbp - 8]
;;     53  mov r14, qword ptr [rbp - 0x10]
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
;;     7f  mov rax, rsp
;;     82  push rcx
;;     83  push r15
;;     85  mov rcx, qword ptr [r15 + 0x10]
;;     89  call qword ptr [rcx + 8]
;;     8c  pop r15
;;     8e  pop rcx
;;     8f  jmp 0x2e
