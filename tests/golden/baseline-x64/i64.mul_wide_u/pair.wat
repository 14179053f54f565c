(module (func (param i64 i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 1))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  sub rsp, 0x10
;;      b  mov qword ptr [rbp - 8], r8
;;      f  mov r11, rdx
;;     12  mov rdi, rcx
;;     15  mov rax, r11
;;     18  mul rdi
;;     1b  mov r8, qword ptr [rbp - 8]
;;     1f  mov rsi, rdx
;;     22  mov qword ptr [r8], rsi
;;     25  leave
;;     26  ret
