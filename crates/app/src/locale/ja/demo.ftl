demo-company = 見本商事株式会社
demo-site = 本社
demo-terminal = 空き端末{ $number }
demo-phone-echo = エコー(聞いた音を返します)
demo-phone-music = 音楽
demo-phone-busy = いつも話中
demo-phone-caller = 試験発信
