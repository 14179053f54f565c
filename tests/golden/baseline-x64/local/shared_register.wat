(module (func (param i32) (result i32) (local i32 i32)
  (local.set 1 (i32.mul (local.get 0) (local.get 0)))
  (local.set 2 (i32.xor (local.get 1) (i32.const 5)))
  (i32.mul (local.get 2) (local.get 2))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11d, edx
;;      e  imul r11d, r11d
;;     12  xor r11d, 5
;;     16  mov eax, r11d
;;     19  imul eax, r11d
;;     1d  leave
;;     1e  ret
