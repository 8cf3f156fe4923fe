#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| xt211_properties::obis(data));
