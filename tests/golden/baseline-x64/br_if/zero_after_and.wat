(module (func (param i32 i32) (result i32)
  (block (br_if 0 (i32.and (local.get 0) (i32.const 8))) (return (i32.const 1)))
  (i32.const 2)))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11d, edx
;;      e  test r11b, 8
;;     12  jne 0x22
;;     18  mov eax, 1
;;     1d  jmp 0x27
;;     22  mov eax, 2
;;     27  leave
;;     28  ret
