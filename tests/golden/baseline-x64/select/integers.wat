(module (func (param i32 i64 i64) (result i64)
  (select (local.get 1) (local.get 2) (i32.lt_u (local.get 0) (i32.const 5)))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11d, edx
;;      e  mov r10, r8
;;     11  mov rdi, rcx
;;     14  cmp r11d, 5
;;     18  mov rax, rdi
;;     1b  cmovae rax, r10
;;     1f  leave
;;     20  ret
