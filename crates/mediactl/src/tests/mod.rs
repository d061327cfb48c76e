mod answer;
mod patch;
mod read;
mod session;
mod wire;
mod words;
