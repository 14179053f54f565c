(module (func (param i32) (result i32 i32)
  (i32.div_s (local.get 0) (i32.const 1000)) (i32.rem_s (local.get 0) (i32.const 8))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11d, edx
;;      e  mov eax, 0x83126e98
;;     13  movsxd rsi, r11d
;;     16  imul rax, rsi
;;     1a  sar rax, 0x29
;;     1e  shr rsi, 0x3f
;;     22  add eax, esi
;;     24  mov esi, r11d
;;     27  sar esi, 0x1f
;;     2a  shr esi, 0x1d
;;     2d  add esi, r11d
;;     30  and esi, 0xfffffff8
;;     33  neg esi
;;     35  add esi, r11d
;;     38  mov rdx, rsi
;;     3b  leave
;;     3c  ret
