(module (func (param f64) (result i32) (i32.trunc_f64_s (local.get 0))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  movaps xmm8, xmm0
;;      f  cvttsd2si eax, xmm8
;;     14  cmp eax, 1
;;     17  jno 0x4b
;;     1d  ucomisd xmm8, xmm8
;;     22  jp 0x4d
;;     28  movsd xmm15, qword ptr [rip + 0x2f]
;;     31  ucomisd xmm8, xmm15
;;     36  jbe 0x53
;;     3c  xorps xmm15, xmm15
;;     40  ucomisd xmm8, xmm15
;;     45  ja 0x53
;;     4b  leave
;;     4c  ret
;;     4d  mov rax, qword ptr [rdi + 0x10]
;;     51  call qword ptr [rax]
;;     53  mov rax, qword ptr [rdi + 0x10]
;;     57  call qword ptr [rax]
;;     59  nop dword ptr [rax]
;;     5d  nop dword ptr [rax]
;;     60  add byte ptr [rax], al
;;     62  and byte ptr [rax], al
;;     64  add byte ptr [rax], al
;;     66  loopne 0x29
