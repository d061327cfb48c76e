#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| naisen_fuzz::stack_ops(data));
