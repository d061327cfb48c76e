mod digits;
mod latch;
mod packet;
mod rtcp;
mod sound;
mod srtp;
mod stream;
