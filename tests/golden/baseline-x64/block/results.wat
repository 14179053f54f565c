(module (func (param i32) (result i32 i64)
  (block (result i32 i64)
    (br_if 0 (i32.const 1) (i64.const 2) (local.get 0))
    (drop) (drop) (i32.const 3) (i64.const 4))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  sub rsp, 0x10
;;      b  mov r11d, edx
;;      e  test r11d, r11d
;;     11  je 0x2b
;;     17  mov dword ptr [rbp - 8], 1
;;     1e  mov qword ptr [rbp - 0x10], 2
;;     26  jmp 0x3a
;;     2b  mov dword ptr [rbp - 8], 3
;;     32  mov qword ptr [rbp - 0x10], 4
;;     3a  mov eax, dword ptr [rbp - 8]
;;     3d  mov rdx, qword ptr [rbp - 0x10]
;;     41  leave
;;     42  ret
