"""The words of the rules: title and advice, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .finding import Text

# By rule: what is wrong, and what to write instead.
TEXTS: Final[Mapping[str, tuple[Text, Text]]] = {
    "R-ZIP": (
        Text("压缩包不符合规定的唯一写法", "The archive is not written in the one way that packages are"),
        Text("用 tong pack 重新打包。", "Pack it anew with tong pack."),
    ),
    "R-SIGNING-BLOCK": (
        Text("签名块格式不正确", "The signing block is not well formed"),
        Text("用 tong sign 重新签名。", "Sign it anew with tong sign."),
    ),
    "R-SIZE": (
        Text("超出大小预算", "Over the budget of size"),
        Text(
            "包不超过 2 MB，解压后不超过 10 MB，文件不超过 2000 个；删去不用的文件，压缩图片。",
            "2 MB packed, 10 MB unpacked, 2,000 files: leave out what is not used, compress pictures.",
        ),
    ),
    "R-FILE-LARGE": (
        Text("单个文件很大", "A large file"),
        Text(
            "大于 500 KB 的文件拖慢首次打开；请压缩或拆分。",
            "Files over 500 KB make the first start slow: compress or split them.",
        ),
    ),
    "R-FILE-NAME": (
        Text("文件名不可用", "A file name that cannot be used"),
        Text(
            "只用字母、数字、连字符和点；名称不分大小写须唯一。",
            "Use letters, digits, hyphens and dots; names are unique in any case.",
        ),
    ),
    "R-FILE-HIDDEN-CHARACTER": (
        Text("文件名含不可见或改变方向的字符", "A file name with invisible or direction-changing characters"),
        Text("改用看得见的字符命名。", "Name it with characters that can be seen."),
    ),
    "R-FILE-TYPE": (
        Text("文件类型不予提供", "A type of file that the city does not serve"),
        Text("不要放入包内。", "Leave it out of the package."),
    ),
    "R-FILE-CONTENT": (
        Text("文件内容与扩展名不符", "A file is not what its extension says"),
        Text("改正扩展名，或删去该文件。", "Give it its right extension, or leave it out."),
    ),
    "R-FILE-DEAD": (
        Text("没有页面用到的文件", "A file that no page reaches"),
        Text("删去不用的文件，包更小，审核更快。", "Leave out what is not used: a smaller package, a shorter review."),
    ),
    "R-SOURCE-MAP": (
        Text("包内留有源码映射", "A source map is left in"),
        Text("发布构建请关闭 source map。", "Build releases without source maps."),
    ),
    "R-MANIFEST": (
        Text("清单无效", "The manifest is not valid"),
        Text("按 manifest.schema.json 改正 manifest.json。", "Correct manifest.json by manifest.schema.json."),
    ),
    "R-MANIFEST-PATH": (
        Text("清单所指的文件不在包内", "The manifest names a file that is not in the package"),
        Text("放入该文件，或从清单中删去。", "Add the file, or take it out of the manifest."),
    ),
    "R-VERSION": (
        Text("version.code 没有增大", "version.code does not increase"),
        Text("version.code 须大于以前的每个版本。", "version.code has to be above that of every version before."),
    ),
    "R-TRUSTED-TYPES-OFF": (
        Text("关闭了 Trusted Types", "Trusted Types are switched off"),
        Text(
            "改用 textContent、replaceChildren 或 setHTML，然后打开 Trusted Types。",
            "Use textContent, replaceChildren or setHTML, and switch Trusted Types on.",
        ),
    ),
    "R-NAME-INVISIBLE": (
        Text("名称含不可见字符", "The name holds invisible characters"),
        Text(
            "删去零宽字符、方向控制符等看不见的字符。", "Remove zero-width characters, direction marks and their kind."
        ),
    ),
    "R-NAME-MIXED": (
        Text("一个词里混用了几种文字", "One word is written in several scripts"),
        Text("一个词只用一种文字。", "Write each word in one script."),
    ),
    "R-NAME-CONFUSABLE": (
        Text("名称与另一个程序看起来相同", "The name looks like that of another program"),
        Text("换一个不会混淆的名称。", "Choose a name that cannot be taken for another."),
    ),
    "R-ICON": (
        Text("图标不完整", "The icon is not complete"),
        Text(
            "至少一个方形图标，不小于 48 像素，不大于 256 KB，并写明 sizes 与 label。",
            "At least one square icon of 48 pixels or more and 256 KB at most, with sizes and a label.",
        ),
    ),
    "R-ICON-SHAPES": (
        Text("SVG 图标含形状与颜色以外的内容", "An SVG icon holds more than shapes and colours"),
        Text("只保留形状与颜色，或改用 PNG。", "Keep shapes and colours alone, or use a PNG."),
    ),
    "R-ICON-SAME": (
        Text("图标与另一个程序相同", "The icon is that of another program"),
        Text("使用自己的图标。", "Use an icon of your own."),
    ),
    "R-REASON": (
        Text("权限没有用每种语言说明理由", "A permission without a reason in each language"),
        Text(
            "在清单写明 reason，并在每个 i18n 文件的 city_reasons 中翻译。",
            "Give a reason in the manifest, and its translation in city_reasons of each i18n file.",
        ),
    ),
    "R-I18N": (
        Text("翻译不完整", "A translation is not complete"),
        Text("每个 i18n 文件都要有名称、简介和标题。", "Each i18n file has the name, the description and the titles."),
    ),
    "R-TITLE": (
        Text("页面没有标题", "A page without a title"),
        Text("给每个页面写 <title>。", "Give each page a <title>."),
    ),
    "R-SECRET-KEY": (
        Text("包内有私钥", "A private key is in the package"),
        Text(
            "立即作废并更换此密钥；密钥只放在服务器上。",
            "Revoke and replace the key at once; keys stay on your server.",
        ),
    ),
    "R-SECRET-TOKEN": (
        Text("包内有令牌", "A token is in the package"),
        Text("立即作废；令牌由后端在运行时取得。", "Revoke it at once; tokens are got by your backend at run time."),
    ),
    "R-SECRET-CLOUD": (
        Text("包内有云服务密钥", "A cloud access key is in the package"),
        Text("立即作废此密钥；由后端访问云服务。", "Revoke the key at once; let your backend speak to the cloud."),
    ),
    "R-SECRET-WECHAT": (
        Text("包内有微信 AppSecret 或商户密钥", "A WeChat AppSecret or merchant key is in the package"),
        Text("立即重置；密钥只放在服务器上。", "Reset it at once; it stays on your server."),
    ),
    "R-SECRET-URL": (
        Text("地址中含用户名和口令", "An address with a user name and a password"),
        Text("从地址中删去口令并更换。", "Take the password out of the address, and change it."),
    ),
    "R-SECRET-NAMED": (
        Text("疑似密钥写在代码里", "What looks like a secret stands in the code"),
        Text(
            "放到后端；确不是密钥时，在同一行注释 citytong-allow-secret 并写明理由。",
            "Keep it on your backend; if it is none, say so on its line: citytong-allow-secret and the reason.",
        ),
    ),
    "R-LOG-PERSONAL": (
        Text("日志中写出令牌或个人信息", "A token or personal data is written to the log"),
        Text("不要把令牌、手机号、身份证号写入日志。", "Do not log tokens, phone numbers or identity numbers."),
    ),
    "R-JS-SYNTAX": (
        Text("脚本无法读懂", "A script that cannot be read"),
        Text(
            "改正语法；脚本须为 UTF-8，不用 HTML 注释。",
            "Correct the syntax; scripts are UTF-8 and hold no HTML comments.",
        ),
    ),
    "R-JS-AMBIGUOUS": (
        Text("脚本有两种读法", "A script that can be read in two ways"),
        Text("把正则表达式放进变量，或加括号。", "Put the regular expression into a variable, or in brackets."),
    ),
    "R-JS-BIDI": (
        Text("代码含改变文字方向的字符", "Code holds characters that change the direction of text"),
        Text("删去这些字符，或写成转义。", "Remove them, or write them as escapes."),
    ),
    "R-EVAL": (
        Text("把文本当作代码运行", "Text is run as code"),
        Text(
            "不用 eval、new Function 和字符串定时器；直接写函数。",
            "Write functions: no eval, no new Function, no timers of strings.",
        ),
    ),
    "R-EVAL-HIDDEN": (
        Text("以拼接的名称访问全局对象", "A global is reached by a name made at run time"),
        Text("直接写出所用的名称。", "Write the name that is meant."),
    ),
    "R-IMPORT-REMOTE": (
        Text("从包外导入代码", "Code is imported from outside of the package"),
        Text("把代码放进包内。", "Put the code into the package."),
    ),
    "R-IMPORT-DYNAMIC": (
        Text("导入的地址在运行时才确定", "What is imported is known at run time alone"),
        Text("import() 里写固定的路径。", "Give import() a fixed path."),
    ),
    "R-SCRIPT-REMOTE": (
        Text("加载包外的脚本", "A script from outside of the package is loaded"),
        Text("把脚本放进包内。", "Put the script into the package."),
    ),
    "R-WASM-REMOTE": (
        Text("加载包外的 WebAssembly", "WebAssembly from outside of the package is loaded"),
        Text("把 .wasm 文件放进包内。", "Put the .wasm file into the package."),
    ),
    "R-SRCDOC": (
        Text("使用 srcdoc", "srcdoc is used"),
        Text("把内容写进页面本身。", "Put the content into the page itself."),
    ),
    "R-WEBRTC": (
        Text("使用 WebRTC", "WebRTC is used"),
        Text(
            "小程序不能使用 WebRTC；用 mp.fetch 经后端传输。",
            "Programs have no WebRTC: go through your backend by mp.fetch.",
        ),
    ),
    "R-WEBTRANSPORT": (
        Text("使用 WebTransport", "WebTransport is used"),
        Text("小程序不能使用 WebTransport；用 mp.fetch。", "Programs have no WebTransport: use mp.fetch."),
    ),
    "R-SERVICE-WORKER": (
        Text("注册 Service Worker", "A service worker is registered"),
        Text(
            "小程序没有自己的 Service Worker；离线由宿主负责。",
            "Programs have none of their own: the host keeps them for when there is no line.",
        ),
    ),
    "R-MARKUP-FROM-TEXT": (
        Text("把文本变成标记", "Text is made into markup"),
        Text(
            "用 textContent、replaceChildren 或 setHTML；Trusted Types 会拒绝其他写法。",
            "Use textContent, replaceChildren or setHTML: Trusted Types refuse the rest.",
        ),
    ),
    "R-MINIFIED": (
        Text("只有压缩后的代码", "Minified code alone"),
        Text("请附上源码或 SBOM，审核更快。", "Add the source or an SBOM for a quicker review."),
    ),
    "R-SDK-ALTERED": (
        Text("改动过的 @citytong/sdk", "An altered copy of @citytong/sdk"),
        Text(
            "请原样使用发布的 dist/index.js；tong new 会带上一份。",
            "Take the published dist/index.js as it is: tong new brings it.",
        ),
    ),
    "R-POLLING": (
        Text("频繁轮询", "Frequent polling"),
        Text("间隔不少于一秒；隐藏时停止。", "Wait a second or more, and stop when hidden."),
    ),
    "R-DEBUG-HOST": (
        Text("留有调试地址", "A debug host is left in"),
        Text("删去 localhost 等调试地址。", "Remove localhost and other debug hosts."),
    ),
    "R-CLOAKING": (
        Text("代码在判断是否处于审核或自动化环境", "Code asks whether it is being reviewed"),
        Text("审核与公民看到的必须相同；删去此判断。", "A reviewer sees what a citizen sees: remove the question."),
    ),
    "R-HIDDEN-TEXT": (
        Text("隐藏着写给审核者或模型的文字", "Hidden text speaks to reviewers or models"),
        Text("删去隐藏的文字。", "Remove the hidden text."),
    ),
    "R-IGNORE": (
        Text("规则被注释屏蔽", "A rule is silenced by a comment"),
        Text("写明理由；审核时屏蔽无效。", "Give the reason; at review nothing is silenced."),
    ),
    "R-HTML-SYNTAX": (
        Text("页面标记有歧义", "Markup that parsers may read in two ways"),
        Text("按提示改写这一行。", "Write the line as said."),
    ),
    "R-HTML-ELEMENT": (
        Text("页面含不允许的元素", "An element that no page may hold"),
        Text("删去 <base>、<iframe>、<object> 等元素。", "Remove <base>, <iframe>, <object> and their kind."),
    ),
    "R-HTML-HANDLER": (
        Text("行内事件处理", "An inline event handler"),
        Text("改用 addEventListener。", "Use addEventListener."),
    ),
    "R-HTML-META": (
        Text("页面含会跳转或改变策略的 meta", "A <meta> that moves the page or its policy"),
        Text("用 mp.redirectTo 跳转。", "Use mp.redirectTo."),
    ),
    "R-HTML-URL": (
        Text("页面含 javascript: 地址", "A javascript: address"),
        Text("改用按钮和 addEventListener。", "Use a button and addEventListener."),
    ),
    "R-HTML-REMOTE": (
        Text("页面加载包外的资源", "A page loads from outside of the package"),
        Text("把资源放进包内，或在 city_domains 中声明。", "Put it into the package, or declare it in city_domains."),
    ),
    "R-CSS-REMOTE": (
        Text("样式加载包外的资源", "A style loads from outside of the package"),
        Text("把样式和字体放进包内。", "Put styles and fonts into the package."),
    ),
    "R-PERMISSION-MISSING": (
        Text("使用的接口没有声明权限", "A call whose permission is not declared"),
        Text(
            "在 req_permissions 或 city_opt_permissions 中声明并说明理由。",
            "Declare it in req_permissions or city_opt_permissions, with a reason.",
        ),
    ),
    "R-PERMISSION-UNUSED": (
        Text("声明了没有用到的权限", "A permission that nothing uses"),
        Text("从清单中删去。", "Take it out of the manifest."),
    ),
    "R-DOMAIN-INSECURE": (
        Text("域名没有使用 https", "A domain without https"),
        Text("只用 https。", "Use https alone."),
    ),
    "R-DOMAIN-PRIVATE": (
        Text("域名是 IP、本机或内网名称", "A domain that is an address or a private name"),
        Text("使用公网域名。", "Use a public name."),
    ),
    "R-DOMAIN-SUFFIX": (
        Text("域名过宽", "A domain that is too wide"),
        Text("写出完整的主机名，不用通配符和公共后缀。", "Name the whole host: no wildcard, no public suffix."),
    ),
    "R-DOMAIN-UNDECLARED": (
        Text("代码中的域名没有声明", "A domain in the code that is not declared"),
        Text("在 city_domains 中声明，或删去。", "Declare it in city_domains, or remove it."),
    ),
    "R-DOMAIN-UNUSED": (
        Text("声明了没有用到的域名", "A declared domain that nothing uses"),
        Text("从 city_domains 中删去。", "Take it out of city_domains."),
    ),
    "R-DOMAIN-UNPROVED": (
        Text("域名归属尚未证明", "Nobody has proved to own the domain"),
        Text("在控制台完成域名验证。", "Prove the domain in the console."),
    ),
    "R-LINK-EXTERNAL": (
        Text("页面链接到城市之外", "A link leads out of the city"),
        Text("用 mp.openURL 打开，公民会先看到地址。", "Open it by mp.openURL: the citizen sees the address first."),
    ),
    "R-GRAPHQL-FILE": (
        Text("操作文件无法读懂", "The file of operations cannot be read"),
        Text(
            '写成 {"documents": ["query …"]}，256 KiB、100 个以内。',
            'Write {"documents": ["query …"]}: 256 KiB and 100 documents at most.',
        ),
    ),
    "R-GRAPHQL-INVALID": (
        Text("GraphQL 文档无效", "A GraphQL document is not valid"),
        Text("按城市的 schema 改正。", "Correct it by the city's schema."),
    ),
    "R-GRAPHQL-CLOSED": (
        Text("文档读取不对小程序开放的字段", "A document reads a field that is closed to programs"),
        Text("删去该字段。", "Leave the field out."),
    ),
    "R-GRAPHQL-COST": (
        Text("文档过深或过大", "A document is too deep or too large"),
        Text("减少层级和每页数量。", "Ask less deep, and fewer at once."),
    ),
    "R-GRAPHQL-SCOPE": (
        Text("文档读取的数据没有声明权限", "A document reads data whose permission is not declared"),
        Text("声明该权限并说明理由。", "Declare the permission, with a reason."),
    ),
    "R-GRAPHQL-UNUSED": (
        Text("没有代码用到的文档", "A document that no code asks by"),
        Text("删去，只留下用到的文档。", "Leave it out."),
    ),
    "R-GRAPHQL-UNKNOWN": (
        Text("代码使用了未登记的文档", "Code asks by a document that is not there"),
        Text(
            "运行 tong typegen，并把文档写进操作文件。",
            "Run tong typegen, and put the document into the file of operations.",
        ),
    ),
    "R-PRIVACY": (
        Text("个人信息没有写进隐私声明", "Personal data without an entry in the privacy statement"),
        Text(
            "在 privacy.json 中逐项写明用途和保存期限，每种语言都要有。",
            "Give its purpose and how long it is kept in privacy.json, in each language.",
        ),
    ),
    "R-PRIVACY-MORE": (
        Text("隐私声明写了没有申请的数据", "The privacy statement names data that is not asked for"),
        Text("从 privacy.json 中删去。", "Take it out of privacy.json."),
    ),
    "R-LICENCE": (
        Text("第三方代码没有许可证", "Code of others without its licence"),
        Text("附上许可证文件，或写进 sbom.cdx.json。", "Add its licence, or name it in sbom.cdx.json."),
    ),
    "R-SBOM": (
        Text("sbom.cdx.json 格式不正确", "sbom.cdx.json is not well formed"),
        Text("按 CycloneDX 1.4 或更新的 JSON 格式生成。", "Make it by CycloneDX 1.4 or later, as JSON."),
    ),
    "R-A11Y-LANG": (
        Text("页面没有语言", "A page without its language"),
        Text('写 <html lang="zh-CN">。', 'Write <html lang="zh-CN">.'),
    ),
    "R-A11Y-ALT": (
        Text("图片没有替代文字", "A picture without alternative text"),
        Text('写 alt；装饰图片写 alt=""。', 'Give it an alt; alt="" for decoration.'),
    ),
    "R-A11Y-LABEL": (
        Text("输入框没有标签", "A field without a label"),
        Text("用 <label> 或 aria-label。", "Use <label> or aria-label."),
    ),
    "R-A11Y-BUTTON": (
        Text("按钮或链接没有名称", "A button or link without a name"),
        Text("写文字或 aria-label。", "Give it text or an aria-label."),
    ),
    "R-A11Y-ZOOM": (
        Text("页面禁止缩放", "A page forbids zooming"),
        Text(
            "从 viewport 中删去 user-scalable=no 和 maximum-scale。",
            "Take user-scalable=no and maximum-scale out of the viewport.",
        ),
    ),
    "R-FONT-FIXED": (
        Text("字号用固定像素", "Font sizes in fixed pixels"),
        Text("用 rem 或 em，长辈模式才能放大。", "Use rem or em, so that the elder mode can enlarge them."),
    ),
    "R-DARK": (
        Text("没有深色模式", "No dark mode"),
        Text("用 prefers-color-scheme 或 mp.env.theme。", "Use prefers-color-scheme or mp.env.theme."),
    ),
    "R-RUN-LEAK": (
        Text("运行时向未批准的地址发送数据", "A run sends to where nobody approved"),
        Text("只访问 city_domains 中的域名。", "Speak to the domains in city_domains alone."),
    ),
    "R-RUN-BOOT": (
        Text("程序无法启动", "The program does not start"),
        Text("在 tong dev 中打开并查看错误。", "Open it in tong dev and look at the errors."),
    ),
    "R-RUN-OFFLINE": (
        Text("断网时无法打开", "The program does not open without a line"),
        Text("断网时也要显示页面，并说明没有网络。", "Show the page without a line, too, and say that there is none."),
    ),
    "R-RUN-PAINT": (
        Text("首次显示太慢", "The first paint is slow"),
        Text("1.5 秒内显示内容：先画页面，后取数据。", "Show something within 1.5 s: draw first, then ask."),
    ),
    "R-RUN-UNLOAD": (
        Text("退出太慢", "The program is slow to end"),
        Text("一秒内结束；不要在退出时做大量工作。", "End within a second: no long work at unload."),
    ),
    "R-RUN-CONSOLE": (
        Text("控制台有错误", "Errors in the console"),
        Text("消除运行时的错误和警告。", "Mend what the console says."),
    ),
    "R-RUN-AXE": (
        Text("无障碍检查发现问题", "The accessibility check found problems"),
        Text("按 axe 的说明改正。", "Mend it as axe says."),
    ),
    "R-RUN-ELDER": (
        Text("放大到 200 % 时内容被遮挡", "At 200 % content is cut off"),
        Text("让内容换行，不固定高度。", "Let content wrap, and fix no heights."),
    ),
    "R-RUN-POLICY": (
        Text("运行时违反内容安全策略", "A run breaks the content security policy"),
        Text("按报告删去被拒绝的写法。", "Remove what the report names."),
    ),
}
