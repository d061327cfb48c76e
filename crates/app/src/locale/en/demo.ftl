demo-company = Mihon Trading Co., Ltd.
demo-site = Head office
demo-terminal = Free terminal { $number }
demo-phone-echo = Echo (returns what it hears)
demo-phone-music = Music
demo-phone-busy = Always busy
demo-phone-caller = Test caller
