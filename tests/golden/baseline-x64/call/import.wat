(module (import "m" "f" (func $f (param i64) (result i64))) (func (result i64) (call $f (i64.const 1))))

;; function 1:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  sub rsp, 0x10
;;      b  cmp rsp, qword ptr [rdi]
;;      e  jb 0x31
;;     14  mov qword ptr [rbp - 8], r15
;;     18  mov r15, rdi
;;     1b  mov edx, 1
;;     20  mov rdi, qword ptr [r15 + 0x58]
;;     24  mov rsi, r15
;;     27  call qword ptr [r15 + 0x50]
;;     2b  mov r15, qword ptr [rbp - 8]
;;     2f  leave
;;     30  ret
;;     31  mov rax, rsp
;;     34  add rsp, 0x10
;;     3b  push r15
;;     3d  push r15
;;     3f  mov r15, rdi
;;     42  mov r11, qword ptr [r15 + 0x10]
;;     46  call qword ptr [r11 + 8]
;;     4a  pop r15
;;     4c  pop r15
;;     4e  sub rsp, 0x10
;;     55  jmp 0x14
