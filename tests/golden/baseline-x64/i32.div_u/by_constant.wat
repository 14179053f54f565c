(module (func (param i32) (result i32 i32)
  (i32.div_u (local.get 0) (i32.const 10)) (i32.rem_u (local.get 0) (i32.const 7))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11d, edx
;;      e  mov eax, 0xcccccccd
;;     13  imul rax, r11
;;     17  shr rax, 0x23
;;     1b  mov esi, eax
;;     1d  movabs rax, 0x2492492492492493
;;     27  mul r11
;;     2a  imul edx, edx, 7
;;     2d  neg edx
;;     2f  add edx, r11d
;;     32  mov rax, rsi
;;     35  leave
;;     36  ret
