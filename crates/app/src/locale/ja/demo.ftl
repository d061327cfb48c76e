demo-company = 見本商事株式会社
demo-site = 本社
demo-hunting-group = 総合受付
demo-department = 営業部
demo-pickup-group = 空き端末とテスト電話
demo-api = APIトークン(手引きの例で使えます)
demo-terminal = 空き端末{ $number }
demo-phone-echo = エコー(聞いた音を返します)
demo-phone-music = 音楽
demo-phone-busy = いつも話中
demo-phone-caller = 試験発信

# 開始前
demo-not-started = デモを開始できません: { $value }
demo-folder-foreign = { $folder } はデモが作ったフォルダーではないため、何も変更しませんでした。名前を変えるか、別のフォルダーで実行してください。
demo-folder-in-use = { $folder } では別のデモが動いています。そのデモをCtrl-Cで停止するか、別のフォルダーで実行してください。
demo-folder-refused = { $folder } を作れません: { $error }。書き込みできるフォルダーで実行してください。
demo-port-taken = { $address } の{ $transport }ポート{ $port }({ $use })は使用中です。使っているプログラムを停止するか(「{ $look }」で調べられます)、別のアドレスで起動してください(例: naisen demo --listen { $other })。
demo-address-foreign = アドレス { $address } はこのコンピュータにありません({ $transport }ポート{ $port }、{ $use })。このコンピュータのアドレスか127.0.0.1を指定してください(例: naisen demo --listen { $other })。使用中のポートは「{ $look }」で調べられます。
demo-port-refused = { $address } の{ $transport }ポート{ $port }({ $use })を開けません: { $error }。「{ $look }」で調べるか、別のアドレスで起動してください(例: naisen demo --listen { $other })。

# 案内
demo-running = { $company }の交換機が動いています。
demo-terminals = SIP電話機の設定(空き端末3台)
demo-server = サーバー
demo-port = ポート
demo-domain = ドメイン
demo-head-name = 利用者
demo-head-dn = 内線番号
demo-head-sip-id = SIP ID
demo-head-secret = SIPパスワード
demo-numbers = 試験番号
demo-portal = ポータル
demo-address = アドレス
demo-login-domain = 拠点ドメイン名
demo-login-user = 管理者ユーザー名
demo-login-password = パスワード
demo-history = 通信履歴の出力(別の端末で)

# 最初の通話
demo-call = 最初の通話(2009から2001へ。音声は交換機の中継を通ります)
demo-registered = 登録(4台のうち最長)
demo-rang = 呼出まで
demo-answered = 応答まで
demo-way = 向き
demo-sent = 送信
demo-received = 受信
demo-lost = 損失
demo-tones = 認識した音
demo-tones-sent = 単位はパケット。送った音は { $tones } Hz です。
demo-passed = 合格
demo-failed = 不合格: { $reason }
demo-fault-register = 4台のうち{ $done }台しか登録できませんでした。交換機から応答がありません。
demo-fault-register-refused = 4台のうち{ $done }台しか登録できませんでした。最後の応答は{ $status }です。
demo-fault-answer = 2001が応答しませんでした。
demo-fault-refused = 2009の発信が{ $status }で拒否されました。
demo-fault-ring = 呼出中の通知(180)が2009に届きませんでした。
demo-fault-end = 通話が途中で終わったか、両方の電話機で終わりませんでした。
demo-fault-to-echo = 2009が送った音を2001が認識できませんでした(2009 → 2001)。
demo-fault-to-caller = 2001が返した音を2009が認識できませんでした(2001 → 2009)。
demo-fault-lost = 失われたパケットが多すぎます。
demo-fault-record = 通信履歴に通話が載りませんでした。
demo-ready = Ctrl-Cで停止します。次に起動すると、すべて作り直します。
demo-stopping = 停止しています。
