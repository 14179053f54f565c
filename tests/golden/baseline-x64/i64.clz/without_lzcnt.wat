(module (func (param i64) (result i64) (i64.clz (local.get 0))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11, rdx
;;      e  mov eax, 0x7f
;;     13  bsr rsi, r11
;;     17  cmove rsi, rax
;;     1b  xor esi, 0x3f
;;     1e  mov rax, rsi
;;     21  leave
;;     22  ret
