(module (global (mut f64) (f64.const 0)) (global (mut i32) (i32.const 0))
  (func (param f64) (global.set 0 (local.get 0)) (global.set 1 (i32.const 7))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  movaps xmm8, xmm0
;;      f  movsd qword ptr [rdi + 0x50], xmm8
;;     15  mov eax, 7
;;     1a  mov dword ptr [rdi + 0x60], eax
;;     1d  leave
;;     1e  ret
