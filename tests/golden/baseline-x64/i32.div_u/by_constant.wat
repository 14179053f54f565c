(module (func (param i32) (result i32 i32)
  (i32.div_u (local.get 0) (i32.const 10)) (i32.rem_u (local.get 0) (i32.const 7))))

;; function 0:
;;      0  push rbp
;;      1  mov rbp, rsp
;;      4  sub rsp, 0x10
;;      b  mov qword ptr [rbp - 8], rcx
;;      f  mov r11d, edx
;;     12  mov eax, 0xcccccccd
;;     17  imul rax, r11
;;     1b  shr rax, 0x23
;;     1f  mov esi, eax
;;     21  movabs rax, 0x2492492492492493
;;     2b  mul r11
;;     2e  imul edx, edx, 7
;;     31  neg edx
;;     33  add edx, r11d
;;     36  mov r8, qword ptr [rbp - 8]
;;     3a  mov eax, edx
;;     3c  mov dword ptr [r8], eax
;;     3f  mov eax, esi
;;     41  leave
;;     42  ret
