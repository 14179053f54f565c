(module (func (param f64 f64) (result i32)
  (block (br_if 0 (f64.eq (local.get 0) (local.get 1))) (return (i32.const 1)))
  (i32.const 2)))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  movaps xmm8, xmm0
;;      f  movaps xmm9, xmm1
;;     13  ucomisd xmm8, xmm9
;;     18  jp 0x24
;;     1e  je 0x2e
;;     24  mov eax, 1
;;     29  jmp 0x33
;;     2e  mov eax, 2
;;     33  leave
;;     34  ret
