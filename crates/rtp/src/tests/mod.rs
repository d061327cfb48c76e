mod digits;
mod latch;
mod packet;
mod record;
mod rtcp;
mod sound;
mod srtp;
mod stream;
