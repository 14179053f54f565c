(module (import "m" "f" (func $f)) (func (param externref) (result externref) (call $f) (local.get 0)))

;; function 1:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  sub rsp, 0x10
;;      b  cmp rsp, qword ptr [rdi]
;;      e  jb 0x34
;;     14  mov qword ptr [rbp - 8], r15
;;     18  mov r15, rdi
;;     1b  mov qword ptr [rbp - 0x10], rdx
;;     1f  mov rdi, qword ptr [r15 + 0x58]
;;     23  mov rsi, r15
;;     26  call qword ptr [r15 + 0x50]
;;     2a  mov rax, qword ptr [rbp - 0x10]
;;     2e  mov r15, qword ptr [rbp - 8]
;;     32  leave
;;     33  ret
;;     34  mov rax, rsp
;;     37  add rsp, 0x10
;;     3e  push r15
;;     40  push r15
;;     42  mov r15, rdi
;;     45  mov r11, qword ptr [r15 + 0x10]
;;     49  call qword ptr [r11 + 8]
;;     4d  pop r15
;;     4f  pop r15
;;     51  sub rsp, 0x10
;;     58  jmp 0x14
