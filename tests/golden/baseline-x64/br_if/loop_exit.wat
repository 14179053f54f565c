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
;;     11  cmp rsp, qword ptr [rdi]
;;     14  jb 0x2b
;;     1a  cmp r11d, r10d
;;     1d  jge 0x29
;;     23  add r11d, 1
;;     27  jmp 0x11
;;     29  leave
;;     2a  ret
;;     2b  mov rax, rsp
;;     2e  push rcx
;;     2f  push r15
;;     31  mov r15, rdi
;;     34  mov rcx, qword ptr [r15 + 0x10]
;;     38  call qword ptr [rcx + 8]
;;     3b  pop r15
;;     3d  pop rcx
;;     3e  jmp 0x1a
