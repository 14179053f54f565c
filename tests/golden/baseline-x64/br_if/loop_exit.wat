(module (func (param i32) (local i32)
  (block (loop
    (br_if 1 (i32.ge_s (local.get 1) (local.get 0)))
    (local.set 1 (i32.add (local.get 1) (i32.const 1)))
    (br 0)))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r10d, edx
;;      e  xor r11d, r11d
;;     11  nop dword ptr [rax + rax]
;;     19  nop dword ptr [rax]
;;     1d  nop dword ptr [rax]
;;     20  cmp rsp, qword ptr [rdi]
;;     23  jb 0x3a
;;     29  cmp r11d, r10d
;;     2c  jge 0x38
;;     32  add r11d, 1
;;     36  jmp 0x20
;;     38  leave
;;     39  ret
;;     3a  mov rax, rsp
;;     3d  push rcx
;;     3e  push r15
;;     40  mov r15, rdi
;;     43  mov rcx, qword ptr [r15 + 0x10]
;;     47  call qword ptr [rcx + 8]
;;     4a  pop r15
;;     4c  pop rcx
;;     4d  jmp 0x29
