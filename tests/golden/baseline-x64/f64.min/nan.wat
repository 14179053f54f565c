(module (func (param f64 f64) (result f64) (f64.min (local.get 0) (local.get 1))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  movaps xmm8, xmm0
;;      f  movaps xmm9, xmm1
;;     13  movaps xmm0, xmm8
;;     17  ucomisd xmm8, xmm9
;;     1c  jne 0x3b
;;     22  jp 0x31
;;     28  orps xmm0, xmm9
;;     2c  jmp 0x40
;;     31  addsd xmm0, xmm9
;;     36  jmp 0x40
;;     3b  minsd xmm0, xmm9
;;     40  leave
;;     41  ret
