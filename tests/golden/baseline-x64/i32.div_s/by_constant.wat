(module (func (param i32) (result i32 i32)
  (i32.div_s (local.get 0) (i32.const 1000)) (i32.rem_s (local.get 0) (i32.const 8))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  sub rsp, 0x10
;;      b  mov qword ptr [rbp - 8], rcx
;;      f  mov r11d, edx
;;     12  mov eax, 0x83126e98
;;     17  movsxd rsi, r11d
;;     1a  imul rax, rsi
;;     1e  sar rax, 0x29
;;     22  shr rsi, 0x3f
;;     26  add eax, esi
;;     28  mov esi, r11d
;;     2b  sar esi, 0x1f
;;     2e  shr esi, 0x1d
;;     31  add esi, r11d
;;     34  and esi, 0xfffffff8
;;     37  neg esi
;;     39  add esi, r11d
;;     3c  mov r9, qword ptr [rbp - 8]
;;     40  mov r8d, esi
;;     43  mov dword ptr [r9], r8d
;;     46  leave
;;     47  ret
