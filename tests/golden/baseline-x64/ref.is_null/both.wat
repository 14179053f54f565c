(module (func (param funcref externref) (result i32 i32)
  (ref.is_null (local.get 0)) (ref.is_null (local.get 1))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  sub rsp, 0x10
;;      b  mov qword ptr [rbp - 8], rcx
;;      f  mov qword ptr [rbp - 0x10], r8
;;     13  mov r11, rdx
;;     16  cmp r11, qword ptr [rdi + 0x20]
;;     1a  sete al
;;     1d  movzx eax, al
;;     20  mov rsi, qword ptr [rbp - 8]
;;     24  test rsi, rsi
;;     27  sete sil
;;     2b  movzx esi, sil
;;     2f  mov r9, qword ptr [rbp - 0x10]
;;     33  mov r8d, esi
;;     36  mov dword ptr [r9], r8d
;;     39  leave
;;     3a  ret
