(module (func (param i64 i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 1))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11, rdx
;;      e  mov rdi, rcx
;;     11  mov rax, r11
;;     14  mul rdi
;;     17  leave
;;     18  ret
