(module (func (param i32) (result i32) (i32.add (i32.add (local.get 0) (i32.const 3)) (i32.const -4))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  nop dword ptr [rax]
;;      b  mov r11d, edx
;;      e  lea eax, [r11 - 1]
;;     12  leave
;;     13  ret
