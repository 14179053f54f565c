(module (func (param funcref externref) (result i32 i32)
  (ref.is_null (local.get 0)) (ref.is_null (local.get 1))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  sub rsp, 0x10
;;      b  mov qword ptr [rbp - 8], rcx
;;      f  mov r11, rdx
;;     12  cmp r11, qword ptr [rdi + 0x20]
;;     16  sete al
;;     19  movzx eax, al
;;     1c  mov rsi, qword ptr [rbp - 8]
;;     20  test rsi, rsi
;;     23  sete sil
;;     27  movzx esi, sil
;;     2b  mov rdx, rsi
;;     2e  leave
;;     2f  ret
