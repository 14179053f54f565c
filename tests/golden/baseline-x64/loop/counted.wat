(module (func (param i32) (result i32) (local i32)
  (loop (local.set 1 (i32.add (local.get 1) (local.get 0)))
    (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
  (local.get 1)))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11d, edx
;;      e  xor r10d, r10d
;;     11  nop dword ptr [rax + rax]
;;     19  nop dword ptr [rax]
;;     1d  nop dword ptr [rax]
;;     20  cmp rsp, qword ptr [rdi]
;;     23  jb 0x37
;;     29  add r10d, r11d
;;     2c  sub r11d, 1
;;     30  jne 0x20
;;     32  mov eax, r10d
;;     35  leave
;;     36  ret
;;     37  mov rax, rsp
;;     3a  push rcx
;;     3b  push r15
;;     3d  mov r15, rdi
;;     40  mov rcx, qword ptr [r15 + 0x10]
;;     44  call qword ptr [rcx + 8]
;;     47  pop r15
;;     49  pop rcx
;;     4a  jmp 0x29
