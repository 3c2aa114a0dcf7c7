package ui

// englishPast is what the page of the past says.
var englishPast = map[string]string{
	"過去の在庫":            "Stock in the past",
	"日時を選んでください。":      "Choose a day and a time.",
	"これからの日時は調べられません。": "That moment has not come yet.",
	"この時刻の在庫（日本時間）":    "As it was at (Japan)",
	"調べる":       "Look",
	"このときの在庫":   "Stock then",
	"このときの掲載目標": "What shops were to show then",
	"そのわけ":      "Why",
	"在庫履歴をその時刻まで積み上げた数と、そのとき各店舗に出すと決めていた数を表示します。": "Shows what the history comes to up to that moment, and what every shop was to show then.",
	"過去の時点を調べる": "Look at a moment in the past",
}
