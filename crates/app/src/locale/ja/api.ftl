# 破られた規則: 何が、どの規則で、どう直すか
api-code-211 = { $field } が空です。値を入れてください。
api-code-212 = { $field } の値「{ $value }」は使えません。文字の種類か長さを直してください。
api-code-213 = 「{ $value }」はこの企業の番号計画に合いません。桁数と先頭の数字を確かめてください。
api-code-217 = SIP ID「{ $value }」は使えません。英数字1〜32文字にしてください。
api-code-219 = Webカスコンユーザー名「{ $value }」は使えません。英数字1〜16文字にしてください。
api-code-222 = 暗証番号は4〜10桁の数字だけです。
api-code-223 = 推測されやすい暗証番号です。内線番号と同じ値、同じ数字だけ、1234のような並びは使えません。
api-code-231 = 携帯番号 { $value } は利用できません。
api-code-233 = { $field } { $value } は登録済みです。別の値にするか、登録済みのものを変更してください。登録済み: { $with }
api-code-234 = SIP ID { $value } は登録済みです。登録済み: { $with }
api-code-235 = Webカスコンユーザー名 { $value } は登録済みです。登録済み: { $with }
api-code-236 = 登録できる内線の数を超えています。残り: { $value }
api-code-237 = { $value } は { $with } と衝突しています。どちらかを変えてください。
api-code-238 = { $field } { $value } はこの企業にありません。
api-code-240 = { $value } は { $with } に登録されています。そこから外すか、force=true で登録ごと削除してください。
api-code-241 = 所属 { $value } はありません。
api-code-244 = { $value } は別の用途で使用中です: { $with }
api-code-246 = メンバー { $value } 件は多すぎます。上限は { $with } です。
api-code-247 = { $value } は { $with } に登録済みです。1つの内線が入れるハンティンググループは1つだけです。
api-code-248 = グループ番号 { $value } は範囲外です。
api-code-251 = 特番「{ $value }」は使えません。使える文字は 0〜9 * # で、長さにも上限があります。
api-code-252 = { $value }({ $field })は { $with } と重なっています。どちらかを変えてください。
api-code-253 = この拠点では外線への転送が許可されていないため、{ $value } は設定できません。先に拠点の外線転送(forward_outside)を許可してください。
api-code-261 = 他の管理者が先に設定を更新しました。読み直してから、もう一度変更してください。
api-code-262 = このトークンにはその権限がありません。
api-code-263 = オプション契約がないため、{ $field } は使えません。
api-code-other = { $field } の値「{ $value }」は受け付けられません。
api-range = { $field } は { $with } の範囲です({ $value } は範囲外)。
api-accounts-max = 端末 { $value } は割り当てられません。1人が使える端末は { $with } 台までです。ほかの端末をログアウトするか、上限を変更してください。
api-code-214 = 携帯番号「{ $value }」は使えません。070・080・090などで始まる11桁の数字にしてください。
api-code-218 = SIPパスワードは使えません。8〜64文字の英数字か記号にしてください。
api-code-220 = パスワードが条件を満たしません。長さと文字の種類を確かめてください。
api-code-221 = パスワードがユーザー名と同じです。別のものにしてください。
api-code-232 = 内線 { $value } には携帯番号が割り当て済みです: { $with }
api-code-242 = 回線 { $value } はありません。
api-code-245 = 「{ $value }」は # で区切られていません。「#1000#2000#」のように書いてください。
api-secret-missing = SIP IDを変えるときは、新しいSIPパスワード({ $field })も指定してください。
api-user-active = 利用中のユーザは削除できません。先に停止するか、force=true で削除してください。
api-device-used = この端末は { $with } が使用中です。先に未使用にするか、force=true で削除してください。
api-line-used = この携帯番号は内線 { $value } に割り当てられています。先に外すか、force=true で削除してください。
api-key-running = 同じ Idempotency-Key({ $value })の要求を処理中です。少し待ってから送り直してください。
api-key-other = Idempotency-Key({ $value })は別の要求で使われています。要求ごとに別のキーにしてください。
api-unknown-field = { $field } という項目はありません。綴りを確かめてください。
api-read-only = { $field } はここでは変更できません。
api-wrong-type = { $field } には { $with } を入れてください。
api-missing = { $field } がありません。
api-forward-to-emergency = { $value } は緊急通報の番号です。転送先にはできません。
api-forward-to-itself = { $value } を自分自身に転送することはできません。別の転送先にしてください。
api-forward-loop = { $value } はこの番号へ転送しているため、着信がどこにも届かなくなります。
api-forward-unfit = { $value } は転送を受けられない番号です。別の転送先にしてください。
api-forward-no-last = 前回の転送先がありません。転送先を指定してください。
api-voicemail-at = { $value } はこの拠点の仮想内線番号ではありません。
api-stopped-to-mailbox = 停止中のユーザーの留守番は本人が聞けません。番号を指定してください。
api-own-not-allowed = この番号には設定できません。ユーザの番号でないか、停止中か、オプション契約がありません。
api-sound-too-big = ファイルが10 MiBを超えています。小さくしてください。
api-sound-too-long = 10分を超えています。短くしてください。
api-sound-format = WAV、MP3、FLACのいずれでもないか、空のファイルです。変換してください。
api-sound-broken = ファイルが壊れていて、最後まで読めません。
api-sound-silent = 音が入っていません。
api-sounds-full = 音源は上限の { $value } 件です。不要なものを削除してください。

# 相手
api-noun-user = ユーザ { $name }
api-noun-virtual-number = 仮想内線 { $name }
api-noun-department = 所属 { $name }
api-noun-hunting-group = ハンティンググループ { $name }
api-noun-pickup-group = ピックアップグループ { $name }
api-noun-park-slot = パーク { $name }
api-noun-site = 拠点 { $name }
api-noun-gateway = ゲートウェイ { $name }
api-noun-code = 特番 { $name }
api-noun-reserved = 予約番号 { $name }
api-noun-sound = 音源 { $name }
api-noun-line = 回線 { $name }

# 応答の見出し
api-title-400 = 要求を読み取れません
api-title-401 = 有効なトークンがありません
api-title-403 = 権限または契約がありません
api-title-404 = 見つかりません
api-title-405 = この操作方法はありません
api-title-409 = 登録済みのものと両立しません
api-title-412 = 先に更新されています
api-title-413 = 要求が大きすぎます
api-title-415 = JSON(音源はファイルそのもの)で送ってください
api-title-422 = 規則に合いません
api-title-429 = 要求が多すぎます
api-title-503 = 今は応答できません

# トークン
token-made = APIトークン: { $token }
token-once = このトークンは今回だけ表示します。安全な場所に保管してください。
token-made-particulars = ID { $id }、名前「{ $name }」、役割 { $role }、期限 { $until }
token-for-ever = 失効させるまで
token-none = トークンはまだありません。
token-revoked = トークン { $id } を失効させました。
token-unknown = トークン { $id } はありません。--list で確かめてください。
token-too-many = トークンは上限の { $count } 個です。不要なものを失効させてください。
token-failed = トークンを保存できません: { $error }
token-role-unknown = 役割 { $role } はありません。administrator か operator です。
