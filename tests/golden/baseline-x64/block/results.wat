(module (func (param i32) (result i32 i64)
  (block (result i32 i64)
    (br_if 0 (i32.const 1) (i64.const 2) (local.get 0))
    (drop) (drop) (i32.const 3) (i64.const 4))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  sub rsp, 0x20
;;      b  mov qword ptr [rbp - 8], rcx
;;      f  mov r11d, edx
;;     12  test r11d, r11d
;;     15  je 0x2f
;;     1b  mov dword ptr [rbp - 0x10], 1
;;     22  mov qword ptr [rbp - 0x18], 2
;;     2a  jmp 0x3e
;;     2f  mov dword ptr [rbp - 0x10], 3
;;     36  mov qword ptr [rbp - 0x18], 4
;;     3e  mov rsi, qword ptr [rbp - 8]
;;     42  mov rax, qword ptr [rbp - 0x18]
;;     46  mov qword ptr [rsi], rax
;;     49  mov eax, dword ptr [rbp - 0x10]
;;     4c  leave
;;     4d  ret
