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
;;     11  cmp rsp, qword ptr [rdi]
;;     14  jb 0x28
;;     1a  add r10d, r11d
;;     1d  sub r11d, 1
;;     21  jne 0x11
;;     23  mov eax, r10d
;;     26  leave
;;     27  ret
;;     28  mov rax, rsp
;;     2b  push rcx
;;     2c  push r15
;;     2e  mov r15, rdi
;;     31  mov rcx, qword ptr [r15 + 0x10]
;;     35  call qword ptr [rcx + 8]
;;     38  pop r15
;;     3a  pop rcx
;;     3b  jmp 0x1a
